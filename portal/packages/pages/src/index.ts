export { Portal } from "./app/Portal";
export { ROUTES } from "./app/routes";
export { startTheme } from "./app/theme";

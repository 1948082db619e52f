// First, because it says in which order the layers of all styles count.
import "@idp/pages/style.css";
import { Portal, startTheme } from "@idp/pages";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

startTheme();
const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <Portal />
    </StrictMode>,
  );
}

// Prints what a browser loads before it shows a page, compressed, and fails above the limit.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const LIMIT = 300 * 1024;
const built = join(import.meta.dirname, "../../src/idp/apps/hub/web/built");
const manifest = JSON.parse(readFileSync(join(built, "manifest.json"), "utf8"));
const entry = manifest["index.html"];
const files = [entry.file, ...(entry.css ?? []), ...(entry.assets ?? [])];
let total = 0;
for (const file of files) {
  const compressed = /\.(js|css)$/.test(file) ? `${file}.br` : file;
  const { size } = statSync(join(built, compressed));
  total += size;
  process.stdout.write(`${(size / 1024).toFixed(1).padStart(8)} KB  ${compressed}\n`);
}
process.stdout.write(
  `${(total / 1024).toFixed(1).padStart(8)} KB  first load, of ${LIMIT / 1024}\n`,
);
if (total > LIMIT) process.exit(1);

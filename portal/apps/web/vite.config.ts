import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const BUILT = "../../../src/idp/apps/hub/web/built";
const HUB = process.env.IDP_HUB ?? "http://127.0.0.1:8600";

/** Writes each text file compressed beside itself, so that the hub never compresses. */
function compressed(): Plugin {
  return {
    name: "compressed",
    closeBundle() {
      const folder = join(import.meta.dirname, BUILT, "assets");
      for (const name of readdirSync(folder)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const body = readFileSync(join(folder, name));
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 9 };
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(body, { params: quality }));
        writeFileSync(join(folder, `${name}.gz`), gzipSync(body, { level: 9 }));
      }
    },
  };
}

/**
 * Backstage's components insert their styles by script, which the content security policy forbids;
 * this makes them part of the style sheet instead.
 */
function backstageStyles(): Plugin {
  const styles = new Map<string, string>();
  return {
    name: "backstage-styles",
    enforce: "pre",
    transform(code, id) {
      if (!/@backstage\/ui\/dist\/.*\.module\.css\.esm\.js$/.test(id)) return null;
      const text = /var css_248z = ("(?:[^"\\]|\\.)*");/.exec(code);
      if (text?.[1] === undefined) throw new Error(`${id} has no style where it had one`);
      styles.set(`${id}.css`, JSON.parse(text[1]));
      const rest = code
        .replace(text[0], `import ${JSON.stringify(`${id}.css`)};`)
        .replace(/^import styleInject.*$/m, "")
        .replace(/^styleInject\(css_248z\);$/m, "");
      if (rest.includes("styleInject")) throw new Error(`${id} still inserts its style`);
      return { code: rest, map: null };
    },
    resolveId: (source) => (styles.has(source) ? source : null),
    load: (id) => styles.get(id) ?? null,
  };
}

export default defineConfig({
  root: import.meta.dirname,
  logLevel: "warn",
  plugins: [backstageStyles(), compressed()],
  esbuild: { jsx: "automatic" },
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    target: "es2022",
    // Everything comes from the hub itself: a `data:` font or script would need a weaker policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: "manifest.json",
    // One page and one chunk: `scripts/size.mjs` knows the limit of the first load.
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      onwarn: (warning, warn) => {
        // `use client` means something to a server that renders; there is none.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
  server: {
    proxy: { "/api": HUB, "/instances": HUB },
  },
});

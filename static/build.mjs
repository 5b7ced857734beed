// Builds static/src into static/dist. File names stay fixed: Django's manifest storage puts the
// content's hash into them when it collects the static files.
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as sass from "sass";

const STATIC = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(STATIC);
const SRC = join(STATIC, "src");
const DIST = join(STATIC, "dist");
const ICONS = join(ROOT, "node_modules/@tabler/icons/icons");
// The widget runs in whatever the shop's customers have.
const CUSTOMERS_BROWSERS = ["chrome105", "firefox110", "safari15.4"];
const BROWSERS = ["chrome123", "firefox121", "safari17.5"];

// What pages load, by its name in static/dist/.
const SCRIPTS = {
  app: "app.ts",
  inbox: "inbox/main.ts",
};
const STYLES = {
  app: "css/app.scss",
};

async function scripts() {
  await esbuild.build({
    entryPoints: Object.entries(SCRIPTS).map(([out, file]) => ({ in: join(SRC, file), out })),
    outdir: DIST,
    bundle: true,
    minify: true,
    format: "iife",
    target: BROWSERS,
    legalComments: "none",
  });
}

async function styles() {
  for (const [name, file] of Object.entries(STYLES)) {
    const compiled = sass.compile(join(SRC, file), {
      loadPaths: [join(ROOT, "node_modules")],
      quietDeps: true,
    });
    const { code } = await esbuild.transform(compiled.css, {
      loader: "css",
      minify: true,
      target: BROWSERS,
      legalComments: "none",
    });
    await writeFile(join(DIST, `${name}.css`), code);
  }
}

// The chat widget: a loader that carries its own style as text, and the chat for its frame.
async function widget() {
  const cssAsText = {
    name: "css-as-text",
    setup(build) {
      build.onLoad({ filter: /loader\.css$/ }, async ({ path }) => {
        const css = await readFile(path, "utf8");
        const { code } = await esbuild.transform(css, { loader: "css", minify: true });
        return { contents: code.trim(), loader: "text" };
      });
    },
  };
  const options = {
    outdir: join(DIST, "widget"),
    bundle: true,
    minify: true,
    target: CUSTOMERS_BROWSERS,
    legalComments: "none",
  };
  await esbuild.build({
    ...options,
    entryPoints: [join(SRC, "widget/loader.ts")],
    format: "iife",
    plugins: [cssAsText],
  });
  await esbuild.build({
    ...options,
    entryPoints: [join(SRC, "widget/app.ts"), join(SRC, "widget/app.css")],
    format: "iife",
  });
}

// One sprite of the icons that templates and modules name: {% icon "mail" %}, icon("mail") or a
// value of static/src/icons.json (names that are put together at run time).
async function iconSprite() {
  const names = new Set(Object.values(JSON.parse(await readFile(join(SRC, "icons.json"), "utf8"))));
  for (const folder of [join(ROOT, "templates"), SRC]) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(html|ts)$/.test(entry.name)) continue;
      const text = await readFile(join(entry.parentPath, entry.name), "utf8");
      for (const [, name] of text.matchAll(/(?:{% icon |\bicon\()["']([\w-]+)["']/g)) names.add(name);
    }
  }
  const symbols = [];
  for (const name of [...names].sort()) {
    const [style, file] = name.endsWith("-filled") ? ["filled", name.slice(0, -7)] : ["outline", name];
    const svg = await readFile(join(ICONS, style, `${file}.svg`), "utf8");
    const inner = svg
      .replace(/<!--[\s\S]*?-->/g, "")
      .replace(/<svg[^>]*>|<\/svg>/g, "")
      .replace(/\s+/g, " ")
      .trim();
    const paint = style === "filled" ? 'fill="currentColor"' : 'fill="none" stroke="currentColor"';
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${inner}</symbol>`);
  }
  await writeFile(
    join(DIST, "icons.svg"),
    `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`,
  );
}

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
await copyFile(join(SRC, "favicon.svg"), join(DIST, "favicon.svg"));
await Promise.all([scripts(), styles(), widget(), iconSprite()]);

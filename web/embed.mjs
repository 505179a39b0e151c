// embed.mjs DIST OUT.c: puts the built dashboard into the binary: writes each file of DIST, gzipped,
// into a folder beside OUT.c, and OUT.c with the table of include/squall/web.h that includes them.
// Run from the top of the source tree, since the compiler reads the files from there.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const MIME = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

function filesBelow(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function assetOf(dist, file) {
  const mime = MIME[extname(file)];
  if (!mime) throw new Error(`${file}: no MIME type is known for it; add one to web/embed.mjs`);
  const plain = readFileSync(file);
  const path = "/" + relative(dist, file);
  return {
    path,
    mime,
    etag: createHash("sha256").update(plain).digest("hex").slice(0, 24),
    immutable: path.startsWith("/assets/"), // Vite puts a hash of the content into these names
    gzip: gzipSync(plain, { level: 9 }),
    plainLength: plain.length,
  };
}

const [dist, out] = process.argv.slice(2);
const assets = filesBelow(dist)
  .map((file) => assetOf(dist, file))
  .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));

const folder = join(dirname(out), "web");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
assets.forEach((asset, i) => writeFileSync(join(folder, `${i}.gz`), asset.gzip));

const rows = assets.map(
  ({ path, mime, etag, immutable, gzip, plainLength }, i) =>
    `    {"${path}", "${mime}", "\\"${etag}\\"", ${immutable},\n` +
    `     (const unsigned char *)asset_${i}, ${gzip.length}, ${plainLength}},\n`,
);
writeFileSync(
  out,
  `/* web_assets: made by web/embed.mjs from the built dashboard. */\n` +
    `#include "squall/embed.h"\n#include "squall/web.h"\n\n` +
    assets.map((_, i) => `EMBED(asset_${i}, "${folder}/${i}.gz");\n`).join("") +
    `\nconst struct web_asset web_assets[] = {\n${rows.join("")}};\n\n` +
    `const size_t web_asset_count = ${assets.length};\n`,
);
const total = assets.reduce((sum, { gzip }) => sum + gzip.length, 0);
console.log(`the dashboard: ${assets.length} files, ${Math.ceil(total / 1024)} KB compressed`);

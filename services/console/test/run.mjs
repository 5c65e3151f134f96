// The console's unit tests: bundles each test/*.test.ts with Vite (node cannot read TypeScript everywhere) and runs them
// with node's own test runner; its TAP output is what tests/run.py counts.
//
//   node test/run.mjs [NAME...]     NAME: of test/NAME.test.ts; all without
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = path.dirname(fileURLToPath(import.meta.url));
const all = readdirSync(here).filter((name) => name.endsWith(".test.ts")).map((name) => name.slice(0, -".test.ts".length));
const wanted = process.argv.slice(2);
const names = wanted.length > 0 ? wanted : all.sort();
const out = mkdtempSync(path.join(tmpdir(), "beistand-console-units-"));

let status = 1;
try {
  await build({
    root: path.dirname(here),
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: "node18",
      outDir: out,
      emptyOutDir: true,
      rollupOptions: {
        input: Object.fromEntries(names.map((name) => [name, path.join(here, `${name}.test.ts`)])),
        output: { entryFileNames: "[name].mjs" },
      },
    },
  });
  const files = names.map((name) => path.join(out, `${name}.mjs`));
  const env = { ...process.env, PROTO_VECTORS: path.resolve(here, "../../../proto/vectors") };
  status = spawnSync(process.execPath, ["--test", "--test-reporter=tap", ...files], { stdio: "inherit", env }).status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
process.exit(status);

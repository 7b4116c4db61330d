// Runs npm scripts side by side, each of which takes one core: `node scripts/side-by-side.mjs lint typecheck`. What one prints is
// shown once it has ended; fails if one of them does.
import { spawn } from "node:child_process";

async function run(name) {
  const child = spawn("npm", ["run", name], {
    shell: process.platform === "win32",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const pieces = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (piece) => pieces.push(piece));
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  for (const piece of pieces) process.stdout.write(piece);
  return code;
}

const codes = await Promise.all(process.argv.slice(2).map(run));
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;

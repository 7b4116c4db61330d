import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../src/engine/random.ts";
import { ReviewSession } from "../test/studio/review-session.ts";
import { writeScenes } from "../test/studio/scene-folder.ts";

/**
 * Kills the studio's server (SIGKILL) at random moments of a review session and checks after each that at most the change under way is
 * lost and that all files are whole; the first failure ends it. `tsx bench/studio-kills.ts [kills] [seed]`, 50 kills by default.
 */
async function main(): Promise<void> {
  const [kills = 50, seed = 0] = process.argv.slice(2).map(Number);
  const folder = mkdtempSync(join(tmpdir(), "studio-kills-"));
  const [images, size] = [6, 96];
  const { classes } = await writeScenes(folder, images, { size, tagged: images });
  const session = new ReviewSession(folder, images, size, classes.length, Random.at(seed, "kills"));
  const begin = performance.now();
  while (session.kills < kills) {
    await session.round();
    const { answered, survived } = session;
    console.log(
      `kill ${session.kills}: ${answered} changes answered and kept, ${survived} of the changes under way kept too`,
    );
  }
  await session.finish();
  rmSync(folder, { recursive: true });
  console.log(
    `${kills} kills in ${Math.round((performance.now() - begin) / 1000)} s, seed ${seed}: nothing was lost, all files whole`,
  );
}

await main();

import { probeRuntime } from "../../../src/host/probe.ts";
import { webHost } from "../../../src/host/web/host.ts";
import { answerTasks } from "../answer-tasks.ts";

const host = webHost();

answerTasks({
  threads: () => host.threads.count,
  /** Checks the numbers that a device computes; returns its speed. */
  async compute(device: "cpu" | "webgpu") {
    const { gflops } = await probeRuntime(
      await host.runtime({ device }),
      () => performance.now() / 1000,
    );
    return gflops;
  },
  /** Draws a scene in a worker of the host; returns the number of its pixels. */
  async scene(size: number) {
    const pool = host.workers.pool("scene", 1);
    const { image } = (await pool.run({ seed: 1, index: 0, size })) as {
      image: { data: Uint8Array };
    };
    await pool.close();
    return image.data.length / 3;
  },
  /** Why a request to another site fails. */
  leave: (address: string) =>
    fetch(address).then(
      () => "sent",
      (error: Error) => error.message,
    ),
});

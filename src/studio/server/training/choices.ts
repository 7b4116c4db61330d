import type { Host } from "../../../host/host.ts";
import type { DeviceReport } from "../../../host/devices.ts";
import { listWeights } from "../../../jobs/fetch-weights.ts";
import { parseConfig, presetNames } from "../../../method/config.ts";
import type { Choices } from "../../protocol.ts";
import type { Events } from "../studio.ts";
import { jobInChild } from "../child-process.ts";

/** Milliseconds that an answer waits for devices: a graphics card's driver may take a minute to say that it does not work. */
const patience = 1000;

/** The device that needs no trial. */
const certain: readonly DeviceReport[] = [{ device: "cpu", works: true }];

/** What trainings can be made of on this machine. */
export class TrainingChoices {
  private devices: Promise<readonly DeviceReport[]> | undefined;

  constructor(
    private readonly host: Host,
    private readonly events: Pick<Events, "publish">,
  ) {}

  /** Devices that are still being tried are not among the answer; an event tells when they are. */
  async read(): Promise<Choices> {
    const late = new Promise<undefined>((resolve) =>
      setTimeout(() => resolve(undefined), patience),
    );
    const trying = this.tried();
    const [weights, tried] = await Promise.all([
      listWeights(this.host),
      Promise.race([trying, late]),
    ]);
    const devices = tried ?? certain;
    if (!tried) {
      const tell = (): void => this.events.publish({ type: "project" });
      trying.then(tell, () => undefined);
    }
    return {
      presets: presetNames.map((name) => {
        const { train, data, model } = parseConfig({ preset: name });
        const { steps } = train;
        return { name, steps, batch: data.batch, crop: data.crop, backbone: model.backbone };
      }),
      weights: weights.map(({ name, license, size, path }) => ({
        ...{ name, license, bytes: size.bytes, isHere: path !== undefined },
      })),
      devices: devices.map(({ device, works, problem }) => ({
        ...{ name: device, works, reason: problem ?? null },
      })),
    };
  }

  /** Devices, tried once, in a process of their own: drivers may block it, or crash. */
  private tried(): Promise<readonly DeviceReport[]> {
    this.devices ??= resultOf<readonly DeviceReport[]>(
      jobInChild(new URL("./devices-process", import.meta.url), null),
    ).catch((error: unknown) => {
      this.devices = undefined;
      throw error;
    });
    return this.devices;
  }
}

async function resultOf<R>(job: AsyncGenerator<unknown, R>): Promise<R> {
  for (;;) {
    const next = await job.next();
    if (next.done) return next.value;
  }
}

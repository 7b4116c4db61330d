/** Devices of a browser that ONNX Runtime computes on: the processor, by WebAssembly, and the GPU. */
export type WebDevice = "cpu" | "webgpu";

/** Builds of onnxruntime-web: for WebAssembly alone, and for WebGPU too, without and with WebAssembly's own suspending of calls. */
export type BuildName = "wasm" | "webgpu" | "jspi";

/** What a browser tells of itself and of the machine. */
export interface BrowserFacts {
  /** Logical cores, at least 1. */
  readonly cores: number;
  /** Whether the page shares no process with other sites, without which WebAssembly has no threads. */
  readonly isolated: boolean;
  readonly phone: boolean;
  /** Whether WebAssembly can wait for promises (JSPI). */
  readonly suspending: boolean;
  readonly gpu: Gpu | undefined;
}

/** The part of `navigator.gpu` that a choice needs. */
export interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

/** The part of a GPUAdapter that a choice needs. */
export interface Adapter {
  readonly info?: {
    readonly vendor: string;
    readonly architecture: string;
    /** Whether it computes on the processor. */
    readonly isFallbackAdapter?: boolean;
  };
}

/**
 * The build for a device. That for WebAssembly alone is the smallest. Of those for WebGPU, the one that the browser itself can
 * suspend is two thirds of the size of the other, whose code was rewritten to be suspended.
 */
export function chooseBuild(
  device: WebDevice,
  { suspending }: Pick<BrowserFacts, "suspending">,
): BuildName {
  if (device === "cpu") return "wasm";
  return suspending ? "jspi" : "webgpu";
}

/** A number of threads, with its reason where there could be more. */
export interface ThreadChoice {
  readonly threads: number;
  /** The choice in words, for the user. */
  readonly note: string;
}

/**
 * Threads of WebAssembly: one for each core, but one alone where the page is not cross-origin isolated, or on a phone, whose
 * cores differ in speed and whose memory is small.
 * @param most upper bound, if there is one
 */
export function chooseThreads(
  { cores, isolated, phone }: Pick<BrowserFacts, "cores" | "isolated" | "phone">,
  most = Infinity,
): ThreadChoice {
  if (most < 1 || Number.isNaN(most))
    throw new RangeError(`runtime: ${most} threads; it must be at least 1`);
  const threads = Math.min(cores, Math.floor(most));
  if (threads === 1) return { threads, note: "1 thread" };
  if (!isolated) {
    return {
      threads: 1,
      note:
        "1 thread: the page is not cross-origin isolated; serve it with the headers " +
        "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp",
    };
  }
  if (phone) return { threads: 1, note: "1 thread, as on every phone" };
  return { threads, note: `${threads} threads` };
}

interface Globals {
  readonly WebAssembly: object;
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: {
    readonly hardwareConcurrency?: number;
    readonly userAgent?: string;
    readonly userAgentData?: { readonly mobile: boolean };
    readonly gpu?: Gpu;
  };
}

/** The facts of the browser that this code runs in, in a page or in a worker. */
export function browserFacts(globals: Globals = globalThis as unknown as Globals): BrowserFacts {
  const { crossOriginIsolated = false, navigator = {} } = globals;
  const { hardwareConcurrency = 1, userAgent = "", userAgentData, gpu } = navigator;
  return {
    cores: Math.max(1, hardwareConcurrency),
    isolated: crossOriginIsolated,
    phone: userAgentData?.mobile ?? /\b(Android|iPhone|iPad|iPod|Mobile)\b/.test(userAgent),
    suspending: "Suspending" in globals.WebAssembly,
    gpu,
  };
}

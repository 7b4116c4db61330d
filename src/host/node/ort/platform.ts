import { MUSL, familySync } from "detect-libc";

/** What decides which native code a process can load. */
export interface Platform {
  /** `process.platform` */
  readonly os: string;
  /** `process.arch` */
  readonly cpu: string;
  /** Whether the C library is musl, as on Alpine Linux. */
  readonly musl: boolean;
}

/** Systems and processors for which Microsoft builds ONNX Runtime for Node; on Linux for glibc. */
const withNativeRuntime = ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64", "win32-arm64"];

/** The platform of this process. */
export function thisPlatform(): Platform {
  return { os: process.platform, cpu: process.arch, musl: familySync() === MUSL };
}

/** `linux-x64 with musl` */
export function describePlatform({ os, cpu, musl }: Platform): string {
  return `${os}-${cpu}${musl ? " with musl" : ""}`;
}

/** The package with ONNX Runtime's native code for a platform; undefined where there is none. */
export function nativePackage({ os, cpu, musl }: Platform): string | undefined {
  const name = `${os}-${cpu}`;
  return !musl && withNativeRuntime.includes(name) ? `@tag2mask/ort-${name}` : undefined;
}

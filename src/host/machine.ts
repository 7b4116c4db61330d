/** Facts about the machine that a host runs on. */
export interface Machine {
  /** Cores that may be used, at least 1. */
  readonly cores: number;
  /** Host and process, as file names tell them apart: `name.process`. */
  readonly name: string;
  /** Bytes of memory that can still be taken. */
  freeMemory(): number;
  /** Seconds from an arbitrary beginning; never goes back. */
  now(): number;
  /** Seconds since 1970, UTC. */
  time(): number;
}

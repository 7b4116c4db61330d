/** Facts about the machine that a host runs on. */
export interface Machine {
  /** Cores that may be used, at least 1. */
  readonly cores: number;
  /** Name of the machine and number of the process, for unique file names: `name.process`. */
  readonly name: string;
  /** Bytes of memory that are still available. */
  freeMemory(): number;
  /** Seconds since an arbitrary moment; never decreases. */
  now(): number;
  /** Seconds since 1970, UTC. */
  time(): number;
}

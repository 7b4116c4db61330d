/** A process, named so that others can tell whether it still runs, also from another container, machine or day. */
export interface ProcessIdentity {
  /** Name of its machine or container. */
  readonly host: string;
  /** Identity of the run of its system, new with every boot; undefined where the system names none. */
  readonly boot: string | undefined;
  /** Space that its number belongs to: each container has its own. Undefined where there is only one. */
  readonly space: string | undefined;
  /** Number of the process. */
  readonly pid: number;
  /** Moment of its start, in the system's own unit, which no later process with its number shares; undefined if unknown. */
  readonly start: string | undefined;
}

/** Facts about the machine that a host runs on. */
export interface Machine {
  /** Cores that may be used, at least 1. */
  readonly cores: number;
  /**
   * Number of this process among those of the machine that work together, from 0; absent for a process that works alone. Each
   * takes the GPU with its number.
   */
  readonly localRank?: number;
  /** Name of the machine and number of the process, for unique file names: `name.process`. */
  readonly name: string;
  /** Identity of this process. */
  readonly process: ProcessIdentity;
  /** Bytes of memory that are still available. */
  freeMemory(): number;
  /** Seconds since an arbitrary moment; never decreases. */
  now(): number;
  /** Seconds since 1970, UTC. */
  time(): number;
  /** Lets some seconds pass. */
  wait(seconds: number): Promise<void>;
}

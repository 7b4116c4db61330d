import { PairwiseSum } from "../../../engine/pairwise-sum.ts";
import type { Exchange } from "../../exchange.ts";
import type { MpiFunction } from "./abi.ts";
import { fixed, isFixed, type MpiLibrary } from "./library.ts";

/** Most floats that are added at a time: their parts from other processes take less than 64 MB. */
const mostFloats = 2 ** 24;
/** Most bytes of one message; counts of MPI are signed 32-bit numbers. */
const mostBytes = 2 ** 30;

export interface MpiExchangeOptions {
  readonly rank: number;
  readonly size: number;
  /** Called around every call that waits for the others. */
  readonly watch: <T>(call: () => Promise<T>) => Promise<T>;
}

/** Communication of the processes that a launcher of MPI has started. Calls wait for each other. */
export class MpiExchange implements Exchange {
  readonly rank: number;
  readonly size: number;
  private last: Promise<unknown> = Promise.resolve();
  private spare = fixed(0);

  constructor(
    private readonly mpi: MpiLibrary,
    private readonly options: MpiExchangeOptions,
  ) {
    this.rank = options.rank;
    this.size = options.size;
  }

  sum(values: Float32Array): Promise<void> {
    const { size } = this;
    return this.inTurn(async () => {
      const most = Math.floor(mostFloats / size) * size;
      const even = isFixed(values) ? Math.floor(values.length / size) * size : 0;
      for (let from = 0; from < even; from += most)
        await this.sumBlock(values.subarray(from, Math.min(from + most, even)));
      if (even === values.length) return;
      // What cannot be divided equally, or moves in memory, is little.
      const rest = values.subarray(even);
      const length = Math.ceil(rest.length / size) * size;
      const padded = new Float32Array(fixed(4 * length), 0, length);
      padded.set(rest);
      await this.sumBlock(padded);
      rest.set(padded.subarray(0, rest.length));
    });
  }

  gather(values: Float64Array): Promise<readonly Float64Array[]> {
    return this.inTurn(() => this.gatherArrays(values));
  }

  max(value: number): Promise<number> {
    return this.inTurn(async () => {
      const all = await this.gatherEqual(Float64Array.of(value));
      return Math.max(...all);
    });
  }

  broadcast(bytes: Uint8Array): Promise<Uint8Array> {
    return this.inTurn(async () => {
      const length = new Float64Array(fixed(8), 0, 1);
      length[0] = bytes.length;
      const { double, byte, world } = this.mpi.handles;
      await this.call("MPI_Bcast", [length], (at) => [at(length), 1, double, 0, world]);
      const all = new Uint8Array(fixed(length[0]), 0, length[0]);
      if (this.rank === 0) all.set(bytes);
      for (let from = 0; from < all.length; from += mostBytes) {
        const piece = all.subarray(from, from + mostBytes);
        await this.call("MPI_Bcast", [piece], (at) => [at(piece), piece.length, byte, 0, world]);
      }
      return all;
    });
  }

  barrier(): Promise<void> {
    return this.inTurn(() => this.call("MPI_Barrier", [], () => [this.mpi.handles.world]));
  }

  /** MPI_THREAD_SERIALIZED allows one call at a time. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }

  /** @param views memory of the call, which is kept until it is done */
  private async call(
    name: MpiFunction,
    views: readonly ArrayBufferView[],
    values: (address: (view: ArrayBufferView) => bigint) => readonly (number | bigint)[],
  ): Promise<void> {
    const arguments_ = values((view) => this.mpi.address(view));
    await this.options.watch(() => this.mpi.callAsync(name, ...arguments_));
    // Addresses alone keep nothing from being collected.
    void views.length;
  }

  /**
   * Adds a block in place. Each process adds one of as many equal slices, pairwise in the order of the ranks, and sends the sums
   * to the others.
   */
  private async sumBlock(values: Float32Array): Promise<void> {
    const { rank, size, mpi } = this;
    const { float, sum, inPlace, world } = mpi.handles;
    const slice = values.length / size;
    const own = values.subarray(rank * slice, (rank + 1) * slice);
    // The own part stays where it is; the others come one after the other.
    const counts = this.numbers((other) => (other === rank ? 0 : slice));
    const starts = this.numbers((other) => other * slice);
    const places = this.numbers((other) => (other - (other > rank ? 1 : 0)) * slice);
    const parts = this.floats(slice * (size - 1));
    await this.call("MPI_Alltoallv", [values, parts, counts, starts, places], (at) => [
      ...[at(values), at(counts), at(starts), float],
      ...[at(parts), at(counts), at(places), float, world],
    ]);
    const tree = new PairwiseSum<Float32Array>((a, b) => {
      const [from, into] = b === own ? [a, b] : [b, a];
      mpi.call("MPI_Reduce_local", mpi.address(from), mpi.address(into), slice, float, sum);
      return into;
    });
    for (let other = 0; other < size; other++) {
      const place = places[other]!;
      await tree.add(other === rank ? own : parts.subarray(place, place + slice));
    }
    await tree.total();
    // With counts for each process, which MPI_Allgatherv takes, MPICH is a hundred times slower.
    await this.call("MPI_Allgather", [values], (at) => [
      ...[inPlace, 0, 0n, at(values), slice, float, world],
    ]);
  }

  /** Arrays of all processes, which may differ in length. */
  private async gatherArrays(values: Float64Array): Promise<Float64Array[]> {
    const lengths = await this.gatherEqual(Float64Array.of(values.length));
    const longest = Math.max(...lengths);
    const padded = new Float64Array(longest);
    padded.set(values);
    const all = await this.gatherEqual(padded);
    return Array.from(lengths, (length, i) => all.slice(i * longest, i * longest + length));
  }

  /** Arrays of all processes, of one length. */
  private async gatherEqual(values: Float64Array): Promise<Float64Array> {
    const { double, world } = this.mpi.handles;
    const { length } = values;
    const own = new Float64Array(fixed(values.byteLength), 0, length);
    own.set(values);
    const all = new Float64Array(fixed(values.byteLength * this.size), 0, length * this.size);
    await this.call("MPI_Allgather", [own, all], (at) => {
      return [at(own), length, double, at(all), length, double, world];
    });
    return all;
  }

  /** A number for each process, as calls of MPI take them. */
  private numbers(of: (rank: number) => number): Int32Array {
    const numbers = new Int32Array(fixed(4 * this.size), 0, this.size);
    for (let rank = 0; rank < this.size; rank++) numbers[rank] = of(rank);
    return numbers;
  }

  /** Memory for floats that the next sum uses again. */
  private floats(length: number): Float32Array {
    if (this.spare.byteLength < length * Float32Array.BYTES_PER_ELEMENT)
      this.spare = fixed(length * Float32Array.BYTES_PER_ELEMENT);
    return new Float32Array(this.spare, 0, length);
  }
}

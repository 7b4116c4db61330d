import { PairwiseSum } from "../../../engine/pairwise-sum.ts";
import type { Exchange } from "../../exchange.ts";
import type { MpiFunction } from "./abi.ts";
import { fixed, isFixed, type MpiLibrary } from "./library.ts";

/** Most floats that a process adds at a time: 4 MB from each of the others. */
const mostFloats = 2 ** 20;
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
  private readonly spare = new Map<string, ArrayBuffer>();

  constructor(
    private readonly mpi: MpiLibrary,
    private readonly options: MpiExchangeOptions,
  ) {
    this.rank = options.rank;
    this.size = options.size;
  }

  sum(values: Float32Array): Promise<void> {
    return this.inTurn(async () => {
      const most = mostFloats * this.size;
      for (let from = 0; from < values.length; from += most)
        await this.sumBlock(values.subarray(from, from + most));
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

  /** Each process adds one chunk of all arrays, pairwise in the order of the ranks, and sends the sums to the others. */
  private async sumBlock(values: Float32Array): Promise<void> {
    const { size, mpi } = this;
    const { float, world } = mpi.handles;
    const chunk = Math.ceil(values.length / size);
    const inPlace = chunk * size === values.length && isFixed(values);
    const all = inPlace ? values : this.floats("all", chunk * size);
    if (!inPlace) {
      all.fill(0);
      all.set(values);
    }
    const parts = this.floats("parts", chunk * size);
    const counts = (from: bigint, to: bigint) => [from, chunk, float, to, chunk, float, world];
    await this.call("MPI_Alltoall", [all, parts], (at) => counts(at(all), at(parts)));
    const sums = new PairwiseSum<Float32Array>(accumulate);
    for (let rank = 0; rank < size; rank++)
      await sums.add(parts.subarray(rank * chunk, (rank + 1) * chunk));
    const own = (await sums.total())!;
    await this.call("MPI_Allgather", [own, all], (at) => counts(at(own), at(all)));
    if (!inPlace) values.set(all.subarray(0, values.length));
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

  /** Memory for floats that is used again by the next call. */
  private floats(use: string, length: number): Float32Array {
    let buffer = this.spare.get(use);
    if (!buffer || buffer.byteLength < length * Float32Array.BYTES_PER_ELEMENT) {
      buffer = fixed(length * Float32Array.BYTES_PER_ELEMENT);
      this.spare.set(use, buffer);
    }
    return new Float32Array(buffer, 0, length);
  }
}

function accumulate(sum: Float32Array, addend: Float32Array): Float32Array {
  for (let i = 0; i < sum.length; i++) sum[i]! += addend[i]!;
  return sum;
}

import { verdicts } from "../../protocol.ts";
import type { ReviewFacts } from "../studio.ts";
import { withRoom } from "./grow.ts";

const bits = { correction: 1, draft: 2 } as const;

/** What the review knows of all images, in columns by id. */
export class FactColumns {
  verdict = new Uint8Array(0);
  maskRev = new Uint32Array(0);
  confidence = new Float32Array(0);
  private bits = new Uint8Array(0);
  private readonly missing = new Map<number, readonly number[]>();

  grow(length: number): void {
    const before = this.confidence.length;
    this.verdict = withRoom(this.verdict, length);
    this.maskRev = withRoom(this.maskRev, length);
    this.bits = withRoom(this.bits, length);
    this.confidence = withRoom(this.confidence, length).fill(NaN, before);
  }

  set(id: number, change: Partial<ReviewFacts>): void {
    if (change.verdict !== undefined) this.verdict[id] = verdicts.indexOf(change.verdict);
    if (change.maskRev !== undefined) this.maskRev[id] = change.maskRev;
    if (change.confidence !== undefined) this.confidence[id] = change.confidence;
    this.setBit(id, bits.correction, change.hasCorrection);
    this.setBit(id, bits.draft, change.hasDraft);
    if (change.missing === undefined) return;
    if (change.missing.length === 0) this.missing.delete(id);
    else this.missing.set(id, change.missing);
  }

  at(id: number, drawn: boolean): ReviewFacts {
    return {
      verdict: verdicts[this.verdict[id]!]!,
      maskRev: this.maskRev[id]!,
      hasCorrection: this.hasCorrection(id),
      hasDraft: this.hasDraft(id),
      confidence: this.confidence[id]!,
      missing: this.missingOf(id),
      drawn,
    };
  }

  hasCorrection(id: number): boolean {
    return (this.bits[id]! & bits.correction) !== 0;
  }

  hasDraft(id: number): boolean {
    return (this.bits[id]! & bits.draft) !== 0;
  }

  missingOf(id: number): readonly number[] {
    return this.missing.get(id) ?? [];
  }

  lacksTag(id: number): boolean {
    return this.missing.has(id);
  }

  private setBit(id: number, bit: number, value: boolean | undefined): void {
    if (value === undefined) return;
    this.bits[id] = value ? this.bits[id]! | bit : this.bits[id]! & ~bit;
  }
}

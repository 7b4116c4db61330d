import { useId } from "react";
import type { TokenAffinity } from "../../../method/labels/token-affinity.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatNumber } from "../text.ts";

/** Most neighbors that are listed. */
const listed = 5;

/** What a token has to do with the others, in numbers. */
export function TokenPanel({
  token,
  affinity,
  columns,
}: {
  readonly token: number;
  readonly affinity: TokenAffinity | undefined;
  /** Tokens in a row. */
  readonly columns: number;
}) {
  const { t } = useStudio();
  const title = useId();
  const place = (at: number) => `${at % columns}, ${Math.floor(at / columns)}`;
  return (
    <section className="panel" aria-labelledby={title}>
      <h3 id={title}>{fill(t.inspect.token, { place: place(token) })}</h3>
      {affinity === undefined ? (
        <p className="muted">{t.inspect.asking}</p>
      ) : (
        <>
          <p>
            {fill(t.inspect.self, { share: percent(affinity.receives[token]!) })} ·{" "}
            {fill(t.inspect.entropy, { bits: bits(affinity.receives) })}
          </p>
          <Neighbors
            title={t.inspect.receivesFrom}
            shares={affinity.receives}
            token={token}
            place={place}
          />
          <Neighbors
            title={t.inspect.spreadsTo}
            shares={affinity.spreads}
            token={token}
            place={place}
          />
        </>
      )}
    </section>
  );
}

function Neighbors({
  title,
  shares,
  token,
  place,
}: {
  readonly title: string;
  readonly shares: Float32Array;
  readonly token: number;
  readonly place: (at: number) => string;
}) {
  const highest = [...shares.keys()]
    .filter((at) => at !== token && shares[at]! > 0)
    .sort((a, b) => shares[b]! - shares[a]!)
    .slice(0, listed);
  return (
    <p>
      {title}: {highest.map((at) => `(${place(at)}) ${percent(shares[at]!)}`).join(" · ") || "–"}
    </p>
  );
}

function percent(share: number): string {
  return formatNumber(share, { style: "percent", maximumFractionDigits: 1 });
}

/** Entropy of shares that add up to 1, in bits: 0 if all come from one token. */
function bits(shares: Float32Array): string {
  let sum = 0;
  for (const share of shares) if (share > 0) sum -= share * Math.log2(share);
  return formatNumber(sum, { maximumFractionDigits: 1 });
}

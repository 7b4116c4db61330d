import type { SeenImage } from "../../protocol.ts";
import { BlobPicture } from "../parts/blob-picture.tsx";
import { FailureNote } from "../parts/failure.tsx";
import { useStore } from "../store.ts";
import { t } from "../strings.ts";
import type { Training } from "./training.ts";

/** What the network sees at the newest checkpoint of a running training. */
export function Seen({ training }: { readonly training: Training }) {
  const { seen, isLooking, looks, lookFailure } = useStore(training);
  return (
    <section className="panel seen" aria-labelledby="seen-title">
      <div className="row">
        <h2 id="seen-title" data-seen={seen?.step}>
          {seen ? t.run.seen(seen.step) : t.run.seenYet}
        </h2>
        <label className="check">
          <input
            type="checkbox"
            checked={looks}
            onChange={({ target }) => training.setLooks(target.checked)}
          />
          {t.run.seenOff}
        </label>
        {isLooking && <small>{t.run.looking}</small>}
      </div>
      {lookFailure && <FailureNote failure={lookFailure} />}
      {seen ? <SeenImages images={seen.images} /> : <p className="muted">{t.run.seenNone}</p>}
    </section>
  );
}

/** Images in rows: each as it is, where the network looks, and its masks. */
export function SeenImages({ images }: { readonly images: readonly SeenImage[] }) {
  return (
    <div className="seen-images">
      {images.map(({ name, tags, tiles }) => (
        <figure key={name}>
          <div className="tiles">
            {tiles.map(({ kind, picture }) => (
              <figure key={kind}>
                <BlobPicture blob={picture} alt={`${t.run.tiles[kind]}: ${name}`} />
                <figcaption>{t.run.tiles[kind]}</figcaption>
              </figure>
            ))}
          </div>
          <figcaption>{tags.join(", ")}</figcaption>
        </figure>
      ))}
    </div>
  );
}

import type { Dropped } from "../../../../host/web/files/dropped.ts";
import { BlobPicture } from "../parts/blob-picture.tsx";
import { DropZone } from "../parts/drop-zone.tsx";
import { useStore } from "../store.ts";
import { t } from "../strings.ts";
import { maskList, type Photo } from "./mask-list.ts";
import { photoFiles } from "../parts/file-kinds.ts";

/** The photographs, each with its mask in small. */
export function PhotoList({ onDropped }: { readonly onDropped: (dropped: Dropped) => void }) {
  const { photos, chosen, model } = useStore(maskList);
  const done = photos.filter(({ mask }) => mask).length;
  return (
    <section className="photo-list" aria-labelledby="photos-title">
      <div className="row">
        <h2 id="photos-title">{t.masks.list}</h2>
        {model && (
          <small role="status" data-done={done}>
            {t.masks.done(done, photos.length)}
          </small>
        )}
      </div>
      <ul className="photos">
        {photos.map((photo) => (
          <li key={photo.id}>
            <button
              type="button"
              className="photo"
              aria-current={photo.id === chosen}
              onClick={() => maskList.choose(photo.id)}
            >
              <BlobPicture blob={photo.picture} alt="" />
              <span className="photo-name">{photo.file.name}</span>
              <small className={photo.failure ? "error" : undefined}>
                {stateOf(photo, !!model)}
              </small>
            </button>
            <button
              type="button"
              className="plain remove"
              aria-label={t.masks.remove(photo.file.name)}
              onClick={() => maskList.remove(photo.id)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <DropZone label={t.masks.dropMore} accept={photoFiles} folders small onDropped={onDropped} />
    </section>
  );
}

function stateOf({ mask, failure, isBusy }: Photo, hasModel: boolean): string {
  if (failure) return failure.message.split(": ").slice(1).join(": ") || failure.message;
  if (mask) return t.masks.seconds(mask.seconds);
  if (isBusy) return t.masks.computing;
  return hasModel ? t.masks.waiting : "";
}

import { useEffect, useRef, useState } from "react";
import type { DroppedFolder } from "../../../../host/web/files/dropped.ts";
import { desk, failureIn } from "../client.ts";
import { photoFiles } from "../parts/file-kinds.ts";
import { BlobPicture } from "../parts/blob-picture.tsx";
import { DropZone } from "../parts/drop-zone.tsx";
import { shownMessage } from "../parts/failure.tsx";
import { t } from "../strings.ts";
import { imagesIn } from "./images-in.ts";
import { taggedFolder, type TaggedPhoto } from "./tagged-folder.ts";

interface Pictured extends TaggedPhoto {
  readonly id: number;
  readonly picture?: Blob;
}

/** Photographs to be tagged: one chooses a class, then the photographs that show it. */
export function TagPhotos({
  photos: given,
  onDone,
  onCancel,
}: {
  readonly photos: readonly File[];
  readonly onDone: (folder: DroppedFolder) => void;
  readonly onCancel: () => void;
}) {
  const [photos, setPhotos] = useState<readonly Pictured[]>([]);
  const [classes, setClasses] = useState<readonly string[]>([]);
  const [active, setActive] = useState<string>();
  const [refused, setRefused] = useState<readonly string[]>([]);
  const added = useRef(0);
  const add = (files: readonly File[]): void => {
    const first = added.current;
    added.current += files.length;
    setPhotos((all) => [...all, ...files.map((file, i) => ({ id: first + i, file, tags: [] }))]);
    void preview(files, first);
  };
  const preview = async (files: readonly File[], first: number): Promise<void> => {
    for (const [i, file] of files.entries()) {
      const id = first + i;
      try {
        const picture = await desk.ask("thumbnail", file);
        setPhotos((all) => all.map((one) => (one.id === id ? { ...one, picture } : one)));
      } catch (error) {
        // What is no image cannot be trained on.
        setPhotos((all) => all.filter((one) => one.id !== id));
        const reason = shownMessage(failureIn(error).message).replace(`${file.name}: `, "");
        setRefused((all) => [...all, t.tag.refused(file.name, reason)]);
      }
    }
  };
  const isBegun = useRef(false);
  useEffect(() => {
    if (isBegun.current) return;
    isBegun.current = true;
    add(given);
  });
  const toggle = (id: number): void => {
    if (active === undefined) return;
    setPhotos((all) =>
      all.map((one) => (one.id === id ? { ...one, tags: toggled(one.tags, active) } : one)),
    );
  };
  const removeClass = (name: string): void => {
    setClasses((all) => all.filter((one) => one !== name));
    setPhotos((all) =>
      all.map((one) => ({ ...one, tags: one.tags.filter((tag) => tag !== name) })),
    );
    if (active === name) setActive(undefined);
  };
  const tagged = photos.filter(({ tags }) => tags.length > 0);
  return (
    <section className="panel tag-photos" aria-labelledby="tag-title">
      <h2 id="tag-title">{t.tag.heading}</h2>
      <p className="muted">{t.tag.text}</p>
      <div className="row tag-classes">
        {classes.map((name) => (
          <span key={name} className="class-choice">
            <button
              type="button"
              className="chip"
              aria-pressed={active === name}
              onClick={() => setActive(name)}
            >
              {name}
            </button>
            <button
              type="button"
              className="plain remove"
              aria-label={t.tag.removeClass(name)}
              onClick={() => removeClass(name)}
            >
              ×
            </button>
          </span>
        ))}
        <NewClass
          onAdd={(name) => {
            setClasses((all) => (all.includes(name) ? all : [...all, name]));
            setActive(name);
          }}
        />
      </div>
      <p role="status">{active === undefined ? t.tag.chooseFirst : t.tag.active(active)}</p>
      <ul className="tag-grid" aria-label={t.tag.grid}>
        {photos.map(({ id, file, tags, picture }) => (
          <li key={id}>
            <button
              type="button"
              className="photo"
              disabled={active === undefined}
              aria-pressed={active !== undefined && tags.includes(active)}
              onClick={() => toggle(id)}
            >
              <BlobPicture blob={picture} alt="" />
              <span className="photo-name">{file.name}</span>
              <small>{tags.length > 0 ? tags.join(", ") : t.tag.none}</small>
            </button>
          </li>
        ))}
      </ul>
      {refused.map((message) => (
        <p key={message} className="warning">
          {message}
        </p>
      ))}
      <DropZone
        label={t.tag.more}
        accept={photoFiles}
        folders
        small
        onDropped={({ files, folders }) =>
          void Promise.all(folders.map(imagesIn)).then((inside) =>
            add([...files.values(), ...inside.flat()]),
          )
        }
      />
      <div className="row">
        <button
          type="button"
          className="button primary"
          disabled={tagged.length === 0}
          onClick={() => onDone(taggedFolder(tagged, classes))}
        >
          {t.tag.go}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {t.cancel}
        </button>
        <small>
          {t.tag.count(tagged.length, photos.length)}. {t.tag.untagged}
        </small>
      </div>
    </section>
  );
}

function NewClass({ onAdd }: { readonly onAdd: (name: string) => void }) {
  const [name, setName] = useState("");
  const isBad = /[;\p{Cc}]/u.test(name);
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (isBad || name.trim() === "") return;
        onAdd(name.trim());
        setName("");
      }}
    >
      <input
        aria-label={t.tag.newClass}
        placeholder={t.tag.newClass}
        value={name}
        aria-invalid={isBad}
        onChange={({ target }) => setName(target.value)}
      />
      <button type="submit" className="button" disabled={isBad || name.trim() === ""}>
        {t.tag.add}
      </button>
      {isBad && <small className="error">{t.tag.badName}</small>}
    </form>
  );
}

function toggled(tags: readonly string[], name: string): readonly string[] {
  return tags.includes(name) ? tags.filter((tag) => tag !== name) : [...tags, name];
}

import { useId, useRef, useState } from "react";
import { chosenFolders, droppedFiles, type Dropped } from "../../../../host/web/files/dropped.ts";
import { t } from "../strings.ts";

/** A place to drop files and folders on, with buttons that choose them. */
export function DropZone({
  label,
  text,
  accept,
  folders = false,
  several = true,
  small = false,
  onDropped,
}: {
  readonly label: string;
  readonly text?: string;
  /** Endings and kinds of the files to choose. */
  readonly accept: string;
  readonly folders?: boolean;
  readonly several?: boolean;
  readonly small?: boolean;
  readonly onDropped: (dropped: Dropped) => void;
}) {
  const [over, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const textId = useId();
  return (
    <div
      className={`drop-zone${over ? " over" : ""}${small ? " small" : ""}`}
      role="group"
      aria-label={label}
      aria-describedby={text === undefined ? undefined : textId}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        // The browser forgets what was dropped once the event is over.
        void droppedFiles(event.dataTransfer).then(onDropped);
      }}
    >
      <p className="drop-label">{over ? t.drop.over : label}</p>
      {text !== undefined && (
        <p id={textId} className="muted">
          {text}
        </p>
      )}
      <div className="row">
        <button type="button" className="button" onClick={() => files.current!.click()}>
          {t.drop.files}
        </button>
        {folders && (
          <button type="button" className="button" onClick={() => folder.current!.click()}>
            {t.drop.folder}
          </button>
        )}
      </div>
      <input
        ref={files}
        type="file"
        hidden
        accept={accept}
        multiple={several}
        onChange={({ target }) => {
          const chosen = new Map([...(target.files ?? [])].map((file) => [file.name, file]));
          target.value = "";
          if (chosen.size > 0) onDropped({ folders: [], files: chosen });
        }}
      />
      {folders && (
        <input
          ref={folder}
          type="file"
          hidden
          // Not known to the types of elements.
          {...{ webkitdirectory: true }}
          onChange={({ target }) => {
            const chosen = chosenFolders(target.files ?? []);
            target.value = "";
            if (chosen.length > 0) onDropped({ folders: chosen, files: new Map() });
          }}
        />
      )}
    </div>
  );
}

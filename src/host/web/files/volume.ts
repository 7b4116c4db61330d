import type { FolderContent } from "../../store.ts";
import type { Path } from "./path.ts";

/** What stands at a path: a file with its content, a folder, or nothing. */
export type Found = File | "folder" | undefined;

/** A file that is being written. */
export interface FileWriter {
  /** Bytes so far. */
  readonly size: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Waits until the storage holds everything written. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Files and folders of one place: the storage of the page, a dropped folder, memory. Failures are the browser's own errors.
 */
export interface Volume {
  find(path: Path): Promise<Found>;
  /** Names in a folder, in any order. */
  list(path: Path): Promise<FolderContent>;
  /** How to write; undefined where files can only be read. */
  readonly writing: VolumeWriting | undefined;
}

export interface VolumeWriting {
  /** Creates a folder and its missing parents. */
  makeFolder(path: Path): Promise<void>;
  /** Starts a file in an existing folder, replacing its content; others may see it while it grows. */
  create(path: Path): Promise<FileWriter>;
  /** Opens a file for appending, created if it is missing and cut to `length`. */
  append(path: Path, length: number): Promise<FileWriter>;
  /** Gives a file another name, at once, replacing an existing file. */
  move(from: Path, to: Path): Promise<void>;
  /** Removes a file, or a folder with everything in it; does nothing if there is none. */
  remove(path: Path): Promise<void>;
}

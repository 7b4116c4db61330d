import type { Archive, ByteSource } from "./byte-source.ts";

/** An open file; close it after use. */
export interface OpenFile extends ByteSource {
  close(): Promise<void>;
}

/** Names of the entries directly in a folder. */
export interface FolderContent {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

export interface ListOptions {
  /** Sort the names; on by default. Not sorting saves half a second for a million files. */
  readonly sorted?: boolean;
  /** Include names that begin with a dot; off by default. */
  readonly hidden?: boolean;
}

export interface FileInfo {
  readonly kind: "file" | "folder";
  /** Number of bytes. */
  readonly size: number;
  /** Time of the last change, in milliseconds since 1970. */
  readonly modified: number;
}

/** Content of a file to write. Large content may come in pieces, which need not be joined in memory. */
export type FileData = string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

export interface FileToWrite {
  readonly path: string;
  readonly data: FileData;
}

export interface WriteOptions {
  /**
   * Wait until the disk holds the file, so that a power cut cannot lose it; on by default. Turn it off for files that are
   * easy to regenerate.
   */
  readonly durable?: boolean;
}

/** A file written piece by piece under a temporary name; it appears complete or not at all. */
export interface WriteStream {
  readonly path: string;
  /** Bytes written so far. */
  readonly size: number;
  write(data: string | Uint8Array): Promise<void>;
  /** Flushes the file and gives it its name, replacing an existing one. */
  finish(): Promise<void>;
  /** Removes the temporary file. */
  discard(): Promise<void>;
}

/** A file that grows in place, such as a log. */
export interface AppendFile {
  readonly path: string;
  /** Bytes so far. */
  readonly size: number;
  append(data: string | Uint8Array): Promise<void>;
  /** Waits until the disk holds everything appended. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What a folder is locked for, in messages to others who want it. */
export interface LockUse {
  /** The place to name, instead of the folder. */
  readonly place?: string;
  /** A training, which is the default, or the writing of other results. */
  readonly work?: "training" | "writing";
}

/** The exclusive right to write a folder. */
export interface Lock {
  /** Throws a UserError if the folder was removed or another process has taken the lock. */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** Files of an archive by their paths, each unpacked when it is read. */
export interface ArchiveReader {
  readonly names: readonly string[];
  /** Unpacks a file; more than `limit` bytes are a UserError. */
  read(name: string, limit: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A member of a tar; its content are the bytes of the tar from `offset` on. */
export interface TarMember {
  /** The path as the tar has it, which may be absolute or lead out of any folder. */
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "sparse" | "other";
  readonly offset: number;
  readonly size: number;
  /** The block of 512 bytes before the content. */
  readonly header: Uint8Array;
}

/**
 * Files and folders of a host. Paths use `/` as separator and are relative to the host's working folder or absolute.
 * Every failed operation is a UserError that names the path and the reason in words.
 */
export interface Store {
  /** Lists a folder; links are followed. */
  list(folder: string, options?: ListOptions): Promise<FolderContent>;
  /** Kind and size of the file or folder at a path, links followed; undefined if there is none. */
  stat(path: string): Promise<FileInfo | undefined>;
  /** Whether anything has this name, a broken link included. */
  exists(path: string): Promise<boolean>;
  /** Opens a file for reading at any position. */
  open(path: string): Promise<OpenFile>;
  read(path: string): Promise<Uint8Array>;
  /** Reads a UTF-8 text, without its byte order mark. */
  readText(path: string): Promise<string>;
  /** Reads a file from its beginning in pieces of about `bytes`; a piece is valid until the next one. */
  pieces(path: string, bytes?: number): AsyncIterable<Uint8Array>;
  /** Opens a zip archive, whose files are unpacked when they are read. */
  openArchive(path: string): Promise<ArchiveReader>;
  /** Opens a zip archive that stores its entries uncompressed, as PyTorch does; nothing is ever unpacked. */
  openStoredArchive(source: ByteSource): Promise<Archive>;
  /** Lists the members of a tar, in its order, by their headers alone; a UserError where it is damaged, cut short or compressed. */
  tarMembers(source: ByteSource): AsyncIterable<TarMember>;

  /**
   * Writes files that belong together, all or none, and creates missing folders. Readers begin with the last file: it is
   * absent while the others are replaced, so it never stands beside files of another version.
   */
  write(files: readonly FileToWrite[], options?: WriteOptions): Promise<void>;
  /** Starts a file that is written piece by piece. */
  writeStream(path: string): Promise<WriteStream>;
  /**
   * Opens a file for appending; creates it if it is missing.
   * @param length bytes to keep of an existing file; all by default
   */
  append(path: string, length?: number): Promise<AppendFile>;
  /** Copies a file, sharing its storage where the disk can; the copy appears complete or not at all. */
  copy(from: string, to: string): Promise<void>;
  /** Gives a file a second name, replacing an existing file; makes a copy where the disk has no links. */
  link(from: string, to: string): Promise<void>;
  /** Creates a folder and its missing parents. Returns the topmost new folder, undefined if all existed. */
  makeFolder(path: string): Promise<string | undefined>;
  /** Creates a folder inside an existing one; returns false if the name is taken. */
  claimFolder(path: string): Promise<boolean>;
  /**
   * Gives a folder another name on the same disk, at once and with everything in it; returns false if that name is taken. A
   * UserError if there is no such folder.
   */
  moveFolder(from: string, to: string): Promise<boolean>;
  /** Removes a file, or a folder with everything in it; does nothing if there is none. */
  remove(path: string): Promise<void>;
  /** Removes a folder and its parents, up to but not including `top`, as long as they are empty. */
  removeEmptyFolders(folder: string, top: string): Promise<void>;
  /** Locks a folder for this process; a UserError names the process that already holds it, wherever that runs. */
  lock(folder: string, use?: LockUse): Promise<Lock>;
  /** Free bytes on the disk of a path; undefined if the host cannot tell. */
  freeSpace(path: string): Promise<number | undefined>;
  /** The absolute form of a path. */
  absolute(path: string): string;
  /** The address of a path as a link in a page: a `file:` URL in Node. */
  url(path: string): string;
}

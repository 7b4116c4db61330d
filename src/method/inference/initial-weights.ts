/** Origin of the weights that a training began with. */
export interface InitialWeights {
  /** The name, repository or path that was asked for. */
  readonly source: string;
  /** Repository that the files are from, `owner/name`. */
  readonly repository?: string;
  readonly revision?: string;
  /** Commit of the repository. */
  readonly commit?: string;
  /** SHA-256 of every file, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** License of the weights, or where it can be read. */
  readonly license?: string;
  /** Origin of the weights that these were trained from. */
  readonly from?: InitialWeights;
}

/** A table that whoever runs the sandbox shows beside its own: on the page, and in `GET /_sandbox/state`. */
export interface Panel {
  readonly title: string;
  readonly columns: readonly string[];
  /** A cell for each column. The first one names the row. */
  readonly rows: readonly (readonly string[])[];
}

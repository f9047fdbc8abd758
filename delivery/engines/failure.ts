/** An engine could not do what it was asked for; `reasons` are its own words, secrets masked. */
export class EngineFailure extends Error {
  readonly reasons: string;

  constructor(what: string, reasons: string) {
    super(reasons ? `${what}:\n${reasons}` : what);
    this.reasons = reasons || what;
  }
}

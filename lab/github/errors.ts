/** One thing wrong in a request that GitHub otherwise understands (422). */
export interface FieldError {
  resource: string;
  field?: string;
  code: "missing" | "missing_field" | "invalid" | "already_exists" | "unprocessable" | "custom";
  message?: string;
}

/** An answer of GitHub's that is no success, with its own words. */
export class GitHubError extends Error {
  readonly status: number;
  readonly errors?: (FieldError | string)[];

  constructor(status: number, message: string, errors?: (FieldError | string)[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** What is not there, or not shown to who asks. */
export const notFound = () => new GitHubError(404, "Not Found");

/** A repository without a commit has no git data yet. */
export const emptyRepository = () => new GitHubError(409, "Git Repository is empty.");

/** A request that makes no sense as it is. */
export const unprocessable = (message: string, errors?: (FieldError | string)[]) =>
  new GitHubError(422, message, errors);

/** GitHub's answer to fields that it does not take. */
export const validationFailed = (...errors: FieldError[]) =>
  new GitHubError(422, "Validation Failed", errors);

/** The body of an error's answer. */
export const errorBody = (error: GitHubError) => ({
  message: error.message,
  ...(error.errors ? { errors: error.errors } : {}),
  documentation_url: "https://docs.github.com/rest",
  status: String(error.status),
});

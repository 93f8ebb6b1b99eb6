/** What is wrong with a page that a template makes; the analysis adds the place. */
export class HtmlError extends Error {
  override readonly name = "HtmlError";
  /** `line`: where that is all that is known of the place. */
  constructor(message: string, readonly line?: number, options?: ErrorOptions) {
    super(message, options);
  }
}

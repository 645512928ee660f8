/** What was asked for can't be done; the message is a sentence that says what to do next. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/** A `test` of the patch failed: somebody else wrote in between. Read again and decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

export class AlreadyExistsError extends Error {
  override readonly name = 'AlreadyExistsError';
}

/** The object or patch itself is wrong; the same call will fail again. */
export class InvalidError extends Error {
  override readonly name = 'InvalidError';
}

/** Connection lost, timeout, server error: the same call may succeed later. */
export class StoreUnavailableError extends Error {
  override readonly name: string = 'StoreUnavailableError';
}

/** This process may not write at the moment: another one may be in charge by now. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';
}

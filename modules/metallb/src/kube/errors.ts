import { StoreUnavailableError } from '../store/errors.ts';

/** 401 or 403. The same call may succeed later: roles are often granted after the programs that need them started. */
export class ForbiddenError extends StoreUnavailableError {
  override readonly name = 'ForbiddenError';
}

/** The cluster has no CustomResourceDefinition of the kind. */
export class UndefinedKindError extends StoreUnavailableError {
  override readonly name = 'UndefinedKindError';
}

/** 410: the API server has forgotten the version or the list that was asked for. Only a new list helps. */
export class ExpiredError extends Error {
  override readonly name = 'ExpiredError';
}

/** There is no usable configuration: nobody says where the API server is, or what says so can't be read. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

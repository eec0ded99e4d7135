import { ApiError } from '@keelson/client';

export function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404;
}

export function isAlreadyThere(error: unknown): boolean {
  return error instanceof ApiError && error.reason === 'AlreadyExists';
}

/** Nothing new is let into a namespace on its way out: nothing is wrong, and trying again changes nothing. */
export function isNamespaceEnding(error: unknown): boolean {
  return error instanceof ApiError && error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true;
}

/** Answers to the creation of something every namespace has: it has it already, or needs it no more. */
export function isNeedless(error: unknown): boolean {
  return isAlreadyThere(error) || isNamespaceEnding(error) || isGone(error);
}

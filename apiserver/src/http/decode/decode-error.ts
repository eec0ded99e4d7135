import { badRequest, StatusError } from '@keelson/machinery';

/** Input that does not have its kind's shape. A BadRequest, unless a patch made it: then the patch is Invalid. */
export class DecodeError extends StatusError {
  /** Go's words for it, without saying of what. */
  readonly why: string;
  /** The same in the words of Go's converter, which strategic merge patches go through. */
  readonly converting: string;

  constructor(why: string, prefix = '', converting = why) {
    super(badRequest(prefix ? `${prefix}: ${why}` : why).status);
    this.name = 'DecodeError';
    this.why = why;
    this.converting = converting;
  }
}

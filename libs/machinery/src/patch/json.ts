import jsonpatch from 'fast-json-patch';
import { copyOf } from '../copy.ts';
import { requestEntityTooLarge, unprocessable } from '../status.ts';

/** One step of an RFC 6902 patch. */
export interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

const operationLimit = 10_000;
/** Characters of JSON that `copy` may add altogether: without it a short patch could make any amount of data. */
const copyLimit = 3 * 1024 * 1024;

/**
 * Applies an RFC 6902 patch to a copy of a document. Nothing is applied unless everything can be.
 * @throws StatusError RequestEntityTooLarge past 10,000 operations, else Invalid (422) with the reason as its cause.
 */
export function applyJsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  if (operations.length > operationLimit) {
    const limit = `The allowed maximum operations in a JSON patch is ${operationLimit}, got ${operations.length}`;
    throw requestEntityTooLarge(limit);
  }
  try {
    return applyAll(copyOf(document), operations);
  } catch (error) {
    throw unprocessable(error);
  }
}

function applyAll(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  let result = document;
  let copied = 0;
  for (const [i, operation] of operations.entries()) {
    if (operation?.op === 'copy') {
      copied += JSON.stringify(jsonpatch.getValueByPointer(result, operation.from ?? ''))?.length ?? 0;
      if (copied > copyLimit)
        throw new Error(
          `Unable to complete the copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${copyLimit}`,
        );
    }
    if (testsAbsence(result, operation)) continue;
    result = jsonpatch.applyOperation(result, operation as jsonpatch.Operation, true, true, true, i).newDocument;
  }
  return result;
}

/** Upstream takes what is not there for null. */
function testsAbsence(document: unknown, operation: JsonPatchOperation): boolean {
  if (operation?.op !== 'test' || operation.value !== null) return false;
  return jsonpatch.getValueByPointer(document, operation.path) === undefined;
}

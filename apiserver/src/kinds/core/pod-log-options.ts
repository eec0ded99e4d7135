import { errorMessage } from '@keelson/base';
import { badRequest, canonicalTime, type FieldError, fieldForbidden, fieldInvalid, invalid } from '@keelson/machinery';
import { integer } from '../../http/options.ts';
import { isTrue } from '../../http/request-info.ts';

/**
 * What the kubelet is asked of a log, from what the client asks of pod `name`'s: of all that a client may write as a boolean, `true`.
 * @throws StatusError BadRequest for what is no number or time, Invalid for what makes no sense.
 */
export function kubeletLogQuery(query: URLSearchParams, name: string): URLSearchParams {
  const asked = new URLSearchParams();
  for (const flag of ['follow', 'previous', 'timestamps']) if (isTrue(query.get(flag))) asked.set(flag, 'true');
  const numbers: Record<string, number> = {};
  for (const member of ['tailLines', 'limitBytes', 'sinceSeconds']) {
    const value = integer(query, member);
    if (value !== undefined) numbers[member] = value;
  }
  const sinceTime = timeOf(query.get('sinceTime') ?? '');
  const errors = faults(numbers, sinceTime !== '');
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, errors);
  const told = { ...numbers, sinceTime, stream: query.get('stream') ?? '' };
  for (const [member, value] of Object.entries(told)) if (value !== '') asked.set(member, String(value));
  return asked;
}

/** In UTC; nothing stays so. */
function timeOf(text: string): string {
  try {
    return text === '' || text === 'null' ? '' : canonicalTime(text);
  } catch (error) {
    throw badRequest(errorMessage(error));
  }
}

function faults({ tailLines, limitBytes, sinceSeconds }: Readonly<Record<string, number>>, sinceTime: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0) errors.push(fieldInvalid('tailLines', tailLines, 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1) errors.push(fieldInvalid('limitBytes', limitBytes, 'must be greater than 0'));
  if (sinceSeconds === undefined) return errors;
  if (sinceTime) errors.push(fieldForbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (sinceSeconds < 1) errors.push(fieldInvalid('sinceSeconds', sinceSeconds, 'must be greater than 0'));
  return errors;
}

import {
  checkListOptions,
  checkWatchOptions,
  type Form,
  negotiate,
  parseRequest,
  parseToken,
  parseVersion,
  selectedName,
  warningHeaders,
} from '@keelson/apiserver';
import type { Question } from './questions.ts';

const encodings: Readonly<Record<Form['encoding'], string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};

/** What a request is about, in the words of `main.go`. */
function info({ Method, URL }: Question): object {
  const found = parseRequest(Method, URL);
  const { isResource, verb, verbInPath, group, version, namespace, resource, subresource, name, query } = found;
  const selects = ['list', 'watch', 'deletecollection'].includes(verb) && isResource && !verbInPath;
  const selector = (text: string): string => (selects ? (query.get(text) ?? '') : '');
  return {
    ...{ IsResource: isResource, Verb: verb, Group: group, Version: version, Namespace: namespace, Resource: resource },
    ...{ Subresource: subresource, Name: name || selectedName(found) },
    ...{ FieldSelector: selector('fieldSelector'), LabelSelector: selector('labelSelector'), Error: '' },
  };
}

function form({ Text }: Question): string {
  try {
    const { as, encoding, version } = negotiate(Text);
    return `${encodings[encoding]} ${as === 'Object' ? '' : `${as} ${version}`}`;
  } catch {
    return 'none';
  }
}

function listOptions({ URL }: Question): string {
  const { query } = parseRequest('GET', URL);
  const text = (name: string): string => query.get(name) ?? '';
  const said = { continue: text('continue'), resourceVersion: text('resourceVersion'), resourceVersionMatch: text('resourceVersionMatch') };
  const initial = query.get('sendInitialEvents');
  const options = { ...said, sendInitialEvents: initial === null ? undefined : initial !== 'false' };
  return attempt(() => {
    if (query.get('watch') === 'true') checkWatchOptions(options);
    else checkListOptions(options);
    return '<nil>';
  }).replace('ListOptions.meta.k8s.io "" is invalid: ', '');
}

function attempt(answer: () => string): string {
  try {
    return answer();
  } catch (error) {
    return (error as Error).message;
  }
}

/** Our answer to each kind of question. */
export const ours: Readonly<Record<Question['Kind'], (question: Question) => unknown>> = {
  info,
  form,
  'list options': listOptions,
  continue: ({ Text }) =>
    attempt(() => {
      const { revision, start } = parseToken(Text);
      return `/${start} ${revision}`;
    }).replace('invalid continue token: ', ''),
  version: ({ Text }) => attempt(() => String(parseVersion(Text) ?? 0)),
  warnings: ({ Texts }) => warningHeaders(Texts).map((value) => Buffer.from(value, 'latin1').toString()),
};

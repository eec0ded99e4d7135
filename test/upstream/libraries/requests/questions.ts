import type { Random } from '@keelson/base';

/** As `main.go` reads it. */
export interface Question {
  readonly Kind: 'info' | 'form' | 'list options' | 'continue' | 'version' | 'warnings';
  readonly Method: string;
  readonly URL: string;
  readonly Text: string;
  readonly Texts: readonly string[];
}

const nothing = { Method: 'GET', URL: '/', Text: '', Texts: [] };

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'get'];
const segments = ['api', 'apis', 'v1', 'apps', 'namespaces', 'a', 'pods', 'watch', 'proxy', 'status', 'finalize', 'log', '', 'a%2Fb', 'x'];
const beginnings = [
  '/api/v1',
  '/apis/apps/v1',
  '/api/v1/namespaces/a',
  '/api/v1/watch',
  '/',
  '/healthz',
  '/api',
  '/apis/apps/v1/namespaces',
];
const parameters = [
  ...['watch=true', 'watch=0', 'watch=False', 'watch', 'watch=no', 'fieldSelector=metadata.name%3Dx', 'fieldSelector=metadata.name%3D..'],
  ...[
    'fieldSelector=a%3Db,metadata.name%3D%3Dy',
    'fieldSelector=metadata.name!%3Dx',
    'labelSelector=a%3Db',
    'fieldSelector=metadata.name%3Dz',
  ],
];
const media = [
  ...['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', '*/*', 'application/*', 'text/html', 'text/*', ''],
  ...['application/cbor', 'Application/JSON', 'application'],
];
const mediaParameters = [
  ...['as=Table', 'as=PartialObjectMetadata', 'as=PartialObjectMetadataList', 'as=APIGroupDiscoveryList', 'v=v1', 'v=v1beta1', 'v=v2'],
  ...[
    'g=meta.k8s.io',
    'g=apps',
    'q=0.5',
    'q=0.9',
    'q=2',
    'q=x',
    'stream=watch',
    'stream=x',
    'charset=utf-8',
    'pretty=1',
    'sv=v1',
    ' a',
    '',
  ],
];
const listParameters = [
  ...['watch=true', 'resourceVersion=0', 'resourceVersion=5', 'resourceVersionMatch=Exact', 'resourceVersionMatch=NotOlderThan'],
  ...['resourceVersionMatch=Else', 'continue=x', 'sendInitialEvents=true', 'sendInitialEvents=false', 'limit=5'],
];
const tokens = [
  ...[
    '{"v":"meta.k8s.io/v1","rv":5,"start":"a/b"}',
    '{"v":"meta.k8s.io/v1","rv":0,"start":"a"}',
    '{"v":"meta.k8s.io/v1","rv":-1,"start":"a"}',
  ],
  ...[
    '{"v":"meta.k8s.io/v1","rv":5,"start":""}',
    '{"v":"meta.k8s.io/v1","rv":5,"start":"../a"}',
    '{"v":"meta.k8s.io/v1","rv":5,"start":"a//b"}',
  ],
  ...[
    '{"v":"meta.k8s.io/v1","rv":5,"start":"/a"}',
    '{"v":"meta.k8s.io/v1","rv":5,"start":"a/"}',
    '{"v":"v2","rv":5,"start":"a"}',
    '{}',
    'x',
    '',
  ],
  ...[
    '{"v":"meta.k8s.io/v1","rv":"5","start":"a"}',
    '{"v":"meta.k8s.io/v1","rv":5,"start":"a\\u0000"}',
    '[]',
    'null',
    '{"v":"meta.k8s.io/v1","rv":5,"start":"a/./b"}',
  ],
];
const versions = ['', '0', '1', '-1', 'a', '18446744073709551615', '18446744073709551616', '1.0', ' 1', '+1', '007', '9007199254740993'];
const texts = [
  'plain',
  'with "quotes" and \\',
  'two\nlines',
  'ünïcode',
  'tab\there',
  '',
  'x'.repeat(300),
  'y'.repeat(3000),
  '語'.repeat(200),
];

/** Seeded questions of every kind, and the tables as they are. */
export function questions(random: Random, cases: number): Question[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
  const some = <T>(from: readonly T[], most: number): T[] =>
    Array.from({ length: Math.floor(random.next() * (most + 1)) }, () => pick(from));
  const query = (from: readonly string[]): string => some(from, 3).join('&');
  const clause = (): string => [pick(media), ...some(mediaParameters, 3)].join(';');
  const made: Readonly<Record<'info' | 'form' | 'list options' | 'warnings', () => Partial<Question>>> = {
    info: () => ({
      Method: pick(methods),
      URL: `${[pick(beginnings), ...some(segments, 5)].join('/')}?${query(parameters)}`.replace(/^\/\//, '/'),
    }),
    form: () => ({ Text: [clause(), ...some([0, 0, 0], 2).map(clause)].join(',') }),
    'list options': () => ({ URL: `/api/v1/pods?${query(listParameters)}` }),
    warnings: () => ({ Texts: some(texts, 6) }),
  };
  const asked = Object.entries(made).flatMap(([kind, make]) =>
    Array.from({ length: cases }, () => ({ ...nothing, ...make(), Kind: kind as Question['Kind'] })),
  );
  const encoded = [...tokens.map((token) => Buffer.from(token).toString('base64url')), '!', 'a b', 'YQ==', ...tokens];
  return [
    ...asked,
    ...encoded.map((Text): Question => ({ ...nothing, Kind: 'continue', Text })),
    ...versions.map((Text): Question => ({ ...nothing, Kind: 'version', Text })),
  ];
}

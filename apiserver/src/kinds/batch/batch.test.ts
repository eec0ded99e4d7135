import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, created, problems, specOf, statusProblems, testTime, testUid, updateProblems } from '../../testing/exercise.ts';
import { cronJobKind } from './cron-job.ts';
import { cronProblem } from './cron-schedule.ts';
import { countIndexes, sharedIndex } from './index-list.ts';
import { jobKind } from './job.ts';

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:1' }] } };
const job = (spec: object = {}) => ({ spec: { template, ...spec } });
const indexed = (spec: object = {}) => job({ completionMode: 'Indexed', completions: 3, ...spec });

test('a job is filled in, and labelled and selected by its uid', () => {
  const { spec, metadata, status } = created(jobKind, job());
  const labels = {
    'batch.kubernetes.io/job-name': 'x',
    'job-name': 'x',
    'batch.kubernetes.io/controller-uid': testUid,
    'controller-uid': testUid,
  };
  const { template: _template, ...rest } = spec;
  assert.deepEqual(rest, {
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': testUid } },
  });
  assert.deepEqual(spec.template.metadata?.labels, labels);
  assert.deepEqual(metadata.labels, labels);
  assert.deepEqual(status, {});
  const own = created(jobKind, {
    ...job({ template: { ...template, metadata: { labels: { app: 'a' } } } }),
    metadata: { labels: { b: 'c' } },
  });
  assert.deepEqual(own.metadata.labels, { b: 'c' });
});

test('what a job leaves open follows from what it says', () => {
  const open = (spec: object) => created(jobKind, job(spec)).spec;
  assert.equal(open({ parallelism: 2 }).completions, undefined);
  assert.equal(open({ completions: 5 }).parallelism, 1);
  assert.equal(open({ backoffLimitPerIndex: 1 }).backoffLimit, 2_147_483_647);
  const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }];
  assert.equal(open({ podFailurePolicy: { rules } }).podReplacementPolicy, 'Failed');
  assert.equal(open({ podFailurePolicy: { rules } }).podFailurePolicy?.rules[0]?.onPodConditions?.[0]?.status, 'True');
  const manual = open({ manualSelector: true, selector: { matchLabels: { a: 'b' } } });
  assert.deepEqual(manual.selector, { matchLabels: { a: 'b' } });
});

test('jobs that cannot be', () => {
  const always = { spec: { containers: template.spec.containers } };
  const cases: [object, string[]][] = [
    [job(), []],
    [indexed({ backoffLimitPerIndex: 1, maxFailedIndexes: 2 }), []],
    [job({ template: always }), ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']],
    [job({ parallelism: -1 }), ['spec.parallelism: Invalid value: -1: must be greater than or equal to 0']],
    [job({ completionMode: 'Odd' }), ['spec.completionMode: Unsupported value: "Odd": supported values: "NonIndexed", "Indexed"']],
    [job({ completionMode: 'Indexed', parallelism: 1 }), ['spec.completions: Required value: when completion mode is Indexed']],
    [job({ backoffLimitPerIndex: 1 }), ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode']],
    [indexed({ maxFailedIndexes: 1 }), ['spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified']],
    [
      indexed({ backoffLimitPerIndex: 1, maxFailedIndexes: 4 }),
      ['spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions'],
    ],
    [job({ managedBy: 'me' }), ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")']],
    [
      job({ podReplacementPolicy: 'Never' }),
      ['spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"'],
    ],
    [job({ manualSelector: true }), ['spec.selector: Required value']],
    [
      job({ template: { ...template, metadata: { labels: { 'job-name': 'other' } } } }),
      [
        `spec.template.metadata.labels[job-name]: Invalid value: {"job-name":"other","batch.kubernetes.io/job-name":"x","batch.kubernetes.io/controller-uid":"${testUid}","controller-uid":"${testUid}"}: must be 'x'`,
      ],
    ],
    [job({ successPolicy: { rules: [] } }), ['spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode']],
    [
      indexed({ successPolicy: { rules: [{}] } }),
      ['spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified'],
    ],
    [
      indexed({ successPolicy: { rules: [{ succeededIndexes: '0,3' }] } }),
      ['spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0,3": error parsing succeededIndexes: too large index: "3"'],
    ],
    [
      indexed({ successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 3 }] } }),
      [
        'spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
      ],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(jobKind, object), expected);
});

test('rules on failed pods', () => {
  const at = 'spec.podFailurePolicy.rules[0]';
  const policy = (rule: object) => problems(jobKind, job({ podFailurePolicy: { rules: [rule] } }));
  const exit = (over: object) => policy({ action: 'FailJob', onExitCodes: { operator: 'In', values: [1], ...over } });
  assert.deepEqual(exit({}), []);
  assert.deepEqual(policy({ action: 'FailIndex', onExitCodes: { operator: 'In', values: [1] } }), [
    `${at}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
  ]);
  assert.deepEqual(policy({}), [
    `${at}.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`,
    `${at}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
  ]);
  assert.deepEqual(exit({ values: [0] }), [`${at}.onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator`]);
  assert.deepEqual(exit({ values: [] }), [`${at}.onExitCodes.values: Invalid value: []: at least one value is required`]);
  assert.deepEqual(exit({ values: [2, 1, 1] }), [
    `${at}.onExitCodes.values[2]: Duplicate value: 1`,
    `${at}.onExitCodes.values: Invalid value: [2,1,1]: must be ordered`,
  ]);
  assert.deepEqual(exit({ containerName: 'none' }), [
    `${at}.onExitCodes.containerName: Invalid value: "none": must be one of the container or initContainer names in the pod template`,
  ]);
});

test('what of a job can change', () => {
  const update = (object: object, change: (next: { spec: Record<string, unknown> }) => void) =>
    updateProblems(jobKind, object, change as never);
  assert.deepEqual(
    update(job(), ({ spec }) => Object.assign(spec, { parallelism: 0, suspend: true, activeDeadlineSeconds: 5 })),
    [],
  );
  assert.deepEqual(
    update(job(), ({ spec }) => Object.assign(spec, { completions: 2 })),
    ['spec.completions: Invalid value: 2: field is immutable'],
  );
  assert.deepEqual(
    update(indexed(), ({ spec }) => Object.assign(spec, { completions: 4 })),
    ['spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism'],
  );
  assert.deepEqual(
    update(indexed(), ({ spec }) => Object.assign(spec, { completions: 4, parallelism: 4 })),
    [],
  );
  const move = ({ spec }: { spec: Record<string, unknown> }): void => {
    Object.assign((spec.template as { spec: object }).spec, { nodeSelector: { disk: 'ssd' } });
  };
  assert.match(update(job(), move)[0] ?? '', /^spec\.template: Invalid value: .*: field is immutable$/);
  assert.deepEqual(update(job({ suspend: true }), move), []);
});

test('a job status does not contradict itself', () => {
  const is = (type: string) => ({ type, status: 'True' });
  const done = { startTime: testTime, completionTime: testTime, conditions: [is('SuccessCriteriaMet'), is('Complete')] };
  const cases: [object, object | undefined, string[]][] = [
    [{ active: 1, ready: 1, startTime: testTime }, undefined, []],
    [done, undefined, []],
    [{ ...done, active: 1 }, undefined, ['status.active: Invalid value: 1: active>0 is invalid for finished job']],
    [
      { conditions: [is('Failed')], startTime: testTime },
      undefined,
      ['status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition'],
    ],
    [
      { ...done, completionTime: undefined },
      undefined,
      ['status.completionTime: Required value: completionTime is required for Complete jobs'],
    ],
    [{ ready: 2, active: 1 }, undefined, ['status.ready: Invalid value: 2: cannot set more ready pods than active']],
    [
      { startTime: '2026-01-02T00:00:00Z' },
      { startTime: testTime },
      ['status.startTime: Required value: startTime cannot be removed for unsuspended job'],
    ],
    [{ startTime: '2026-01-02T00:00:00Z' }, { startTime: testTime, conditions: [is('Suspended')] }, []],
    [{ succeeded: 1 }, { succeeded: 2 }, ['status.succeeded: Invalid value: 1: cannot decrease the succeeded counter']],
    [
      { startTime: testTime },
      done,
      [
        'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
        'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
      ],
    ],
    [
      { completedIndexes: '0' },
      undefined,
      ['status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode'],
    ],
  ];
  for (const [status, before, expected] of cases) assert.deepEqual(statusProblems(jobKind, job(), status, before), expected);
});

test('columns of jobs', () => {
  const shown = (spec: object, status: object, metadata: object = {}) => {
    const { Status, Completions, Duration } = cells(jobKind, { metadata: { name: 'x', ...metadata }, spec: { template, ...spec }, status });
    return [Status, Completions, Duration];
  };
  assert.deepEqual(shown({ completions: 2 }, { succeeded: 1, startTime: '2026-01-02T03:03:05Z' }), ['Running', '1/2', '60s']);
  assert.deepEqual(shown({ parallelism: 3 }, {}), ['Running', '0/1 of 3', '']);
  assert.deepEqual(shown({ completions: 1 }, { conditions: [{ type: 'Complete', status: 'True' }] }), ['Complete', '0/1', '']);
  assert.deepEqual(shown({ completions: 1 }, {}, { deletionTimestamp: testTime }), ['Terminating', '0/1', '']);
  assert.deepEqual(shown({ completions: 1 }, { conditions: [{ type: 'Suspended', status: 'True' }] }), ['Suspended', '0/1', '']);
});

test('lists of indexes', () => {
  assert.equal(countIndexes('', 5), 0);
  assert.equal(countIndexes('0,2-4', 5), 4);
  assert.throws(() => countIndexes('2,1', 5), /^Error: non-increasing order, previous: 2, current: 1$/);
  assert.throws(() => countIndexes('a', 5), /cannot convert string to integer for index: "a"/);
  assert.throws(() => countIndexes('1-2-3', 5), /can have at most two parts separated by '-'/);
  assert.equal(sharedIndex('0,2-4', '1,3', 5), 3);
  assert.equal(sharedIndex('0', '1', 5), undefined);
});

test('a cron job is filled in', () => {
  assert.deepEqual(specOf(cronJobKind, { schedule: '* * * * *', jobTemplate: { spec: {} } }), {
    schedule: '* * * * *',
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    jobTemplate: { spec: {} },
  });
});

test('cron jobs that cannot be', () => {
  const jobTemplate = { spec: { template } };
  const cron = (over: object, metadata = {}) => problems(cronJobKind, { metadata, spec: { schedule: '0 * * * *', jobTemplate, ...over } });
  assert.deepEqual(cron({ timeZone: 'Europe/Zurich' }), []);
  assert.deepEqual(cron({ schedule: '' }), ['spec.schedule: Required value']);
  assert.deepEqual(cron({ schedule: '* * *' }), ['spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]']);
  assert.deepEqual(cron({ schedule: 'TZ=UTC 0 * * * *' }), [
    'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  ]);
  assert.deepEqual(cron({ timeZone: 'Mars/Olympus' }), ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus']);
  assert.deepEqual(cron({ concurrencyPolicy: 'No' }), [
    'spec.concurrencyPolicy: Unsupported value: "No": supported values: "Allow", "Forbid", "Replace"',
  ]);
  assert.deepEqual(cron({ jobTemplate: { spec: { template, manualSelector: true } } }), [
    'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
  ]);
  assert.deepEqual(cron({}, { name: 'n'.repeat(53) }), [
    `metadata.name: Invalid value: "${'n'.repeat(53)}": must be no more than 52 characters`,
  ]);
});

test('schedules', () => {
  for (const fine of ['@hourly', '@every 1h30m', '*/5 0-6,22 1 jan-mar MON', '? ? * * 0', '0 0 1/2 * *'])
    assert.equal(cronProblem(fine), undefined, fine);
  assert.equal(cronProblem('@often'), 'unrecognized descriptor: @often');
  assert.equal(cronProblem('60 * * * *'), 'end of range (60) above maximum (59): 60');
  assert.equal(cronProblem('* * 0 * *'), 'beginning of range (0) below minimum (1): 0');
  assert.equal(cronProblem('* 5-2 * * *'), 'beginning of range (5) beyond end of range (2): 5-2');
  assert.equal(cronProblem('*/0 * * * *'), 'step of range should be a positive number: */0');
  assert.equal(cronProblem('x * * * *'), 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax');
});

import { type Figure, percentile } from './figures.ts';
import { accessOf, configMaps, median, type Round, round, Target } from './target.ts';

/**
 * The load of PERFORMANCE.md's first table: HTTPS with client certificates, HTTP/1.1, 2 KB objects, 64 clients in a process of their
 * own. Prints one JSON document of figures. `node test/bench/api-load.ts KUBECONFIG [SECONDS [CEILING]]`, where a ceiling is the address of
 * `ceiling.ts`: both are then asked in turns, since the machine is not equally fast all the time, and a share of the ceiling is told.
 */
const [kubeconfig = '', secondsText = '4', ceiling] = process.argv.slice(2);
const rounds = 4;
const roundMs = (Number(secondsText) * 1000) / rounds;
const clients = 64;

const figures: Figure[] = [];
const report = (figure: Figure): void => {
  figures.push(figure);
  const tail = figure.p99 === undefined ? '' : `, p99 ${figure.p99.toFixed(1)} ms`;
  process.stderr.write(`${figure.name}: ${figure.value.toFixed(0)}${figure.unit}${tail}\n`);
};

const access = await accessOf(kubeconfig);
const server = new Target(access);
const bare = ceiling === undefined ? undefined : new Target({ ...access, address: ceiling });

/** Measures both in turns; the median of the rounds counts. */
async function compare(name: string, unit: string, work: (target: Target) => Promise<Round>): Promise<void> {
  const [own, top]: [Round[], Round[]] = [[], []];
  for (let n = 0; n < rounds; n++) {
    if (bare) top.push(await work(bare));
    own.push(await work(server));
  }
  const times = own.flatMap((one) => one.times);
  report({ name, unit, value: median(own), ...(times.length > 0 ? { p99: percentile(times, 0.99) } : {}) });
  if (!bare) return;
  report({ name: `${name}, ceiling`, unit, value: median(top) });
  const shares = own.map(({ perSecond }, i) => (100 * perSecond) / (top[i]?.perSecond ?? 1));
  report({ name: `${name}, of the ceiling`, unit: ' %', value: percentile(shares, 0.5) });
}

for (const target of bare ? [bare, server] : [server]) await target.fill();
await compare('create ConfigMap', '/s', (target) => round(clients, roundMs, () => target.create()));
for (const target of bare ? [bare, server] : [server]) await target.fill();
await compare('get', '/s', (target) => round(clients, roundMs, (n) => target.send('GET', `${configMaps}/bench-${n % 3_000}`)));
await compare('list 3,000 objects', '/s', (target) => round(8, roundMs, () => target.send('GET', configMaps)));
await compare('list by label, 10 % match', '/s', (target) =>
  round(8, roundMs, () => target.send('GET', `${configMaps}?labelSelector=bench%3D3`)),
);
await compare('watch: 100 watchers, 200 changes', ' events/s', async (target) => ({
  perSecond: await target.fanOut(100, 200, 16),
  times: [],
}));
await server.send('DELETE', configMaps);
process.stdout.write(`${JSON.stringify(figures)}\n`);
access.agent.destroy();

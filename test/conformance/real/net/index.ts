import type { Specs } from '../../specs.ts';
import { netAffinity } from './affinity.ts';
import { netDns } from './dns.ts';
import { netGranular } from './granular.ts';
import { netGuestbook } from './guestbook.ts';
import { netHooks } from './hooks.ts';
import { netIssuer } from './issuer.ts';
import { netProxy } from './proxy.ts';
import { netServices } from './services.ts';
import { netSlices } from './slices.ts';
import { netTraffic } from './traffic.ts';

/** What needs pods that really talk to each other. */
export const net: Specs = {
  ...netDns,
  ...netServices,
  ...netAffinity,
  ...netSlices,
  ...netGranular,
  ...netProxy,
  ...netIssuer,
  ...netTraffic,
  ...netHooks,
  ...netGuestbook,
};

export { type Run, runCommand } from './command.ts';
export { cniConflist, defaultBridge, type KubenetConfig } from './conflist.ts';
export { syncHostRoutes } from './hostroutes.ts';
export { enableForwarding, othersList, type Teardown, teardown, writeConflist } from './kubenet.ts';
export { followNeighbours, neighbourGrant } from './neighbours.ts';
export { overlayOverhead, type Vtep, vtepOf } from './overlay.ts';
export { type HostRoute, planRoutes, type RouteNode, type RoutePlan, wantedRoutes } from './routes.ts';
export { removeOverlay, syncOverlay } from './vxlan.ts';

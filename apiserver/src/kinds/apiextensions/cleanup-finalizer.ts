/** Holds a definition until nothing of what it defines is left. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

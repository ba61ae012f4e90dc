/** Opens a tenant's executor where its adapter belongs: in a supervised process, or in this one. */
import type { Adapter } from "../adapter.ts";
import { withSimulation } from "../simulate.ts";
import { type HostOptions, hostExecutor, type TenantExecutor } from "./host.ts";

/** @throws LockstepError what the adapter refuses with, or `executor_died` */
export const openTenantExecutor = async (adapter: Adapter, options: HostOptions): Promise<TenantExecutor> => {
  if (adapter.isolated) return await hostExecutor({ ...options, vm: adapter.vm });
  const { domain, config, budget, writers } = options;
  const source = options.source();
  const { sealed, ...opened } = await adapter.open({
    domain,
    config,
    budget,
    ...(writers === undefined ? {} : { writers }),
    ...(source === undefined ? {} : { source }),
  });
  const executor = withSimulation(opened.executor);
  return {
    ...opened,
    executor,
    ready: async () => sealed,
    isUp: () => true,
    simulate: executor.simulate,
    restart: async () => {},
  };
};

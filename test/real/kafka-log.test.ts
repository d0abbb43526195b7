import { after } from 'node:test';
import { type KafkaLogOptions, openKafkaLog } from '@flamelake/profile-log/kafka';
import { systemClock, systemRandom } from '@flamelake/runtime';
import { installKafka, type KafkaServer, startKafka } from './components/kafka.ts';
import { profileLogContract } from './profile-log.contract.ts';

const installed = await installKafka();
const skip = installed.skip === undefined ? {} : { skip: installed.skip };
let starting: Promise<KafkaServer> | undefined;
after(async () => (await starting)?.stop());

function kafka(): Promise<KafkaServer> {
  if (installed.skip !== undefined) throw new Error(installed.skip);
  starting ??= startKafka(installed.path, 1);
  return starting;
}

let topics = 0;
const open = async (options: Partial<KafkaLogOptions> = {}) =>
  openKafkaLog({
    clock: systemClock,
    random: systemRandom,
    brokers: (await kafka()).addresses,
    topic: `profiles-${topics}`,
    partitionCount: 3,
    replicationFactor: 1,
    minInsyncReplicas: 1,
    ...options,
  });

profileLogContract('Kafka', {
  ...skip,
  create: () => {
    topics++;
    return open();
  },
  reopen: () => open(),
  partitionCount: 3,
});

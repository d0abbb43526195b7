/** A process that joins a group and is there to be killed: prints its partitions at each change. */
import { createPartitionAssignment } from '@flamelake/profile-log/kafka';
import { systemClock, systemRandom } from '@flamelake/runtime';

const [brokers = '', topic = '', partitionCount = '', sessionTimeoutMs = ''] = process.argv.slice(2);
const assignment = createPartitionAssignment({
  clock: systemClock,
  random: systemRandom,
  brokers: brokers.split(','),
  topic,
  partitionCount: Number(partitionCount),
  sessionTimeoutMs: Number(sessionTimeoutMs),
});
assignment.onChange((partitions) => console.log(JSON.stringify(partitions)));

// KafkaJS, first stage of the chain: adds a word to each order.
//   node enricher.js BOOTSTRAP FROM TO GROUP REDIS [unawaited]
//
// KafkaJS commits when eachBatch has returned, so awaiting send (with acks=-1, its default) puts
// the output before the commit. `unawaited` is the mistake: the commit does not wait for the send.
// Headers are handed on, as tracing wants it. Notes each order in Redis, in the set `enriched`,
// before it returns. Prints `ready` once partitions are assigned.
'use strict'
const { Kafka, logLevel } = require('kafkajs')
const { Redis } = require('./redis.js')

const [bootstrap, from, to, groupId, socket, mode] = process.argv.slice(2)
const kafka = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId })
const producer = kafka.producer()

consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  if ((payload.memberAssignment[from] || []).length > 0) console.log('ready')
})

async function run() {
  const redis = new Redis(socket)
  await producer.connect()
  await consumer.connect()
  await consumer.subscribe({ topic: from, fromBeginning: true })
  await consumer.run({
    eachBatch: async ({ batch }) => {
      const messages = batch.messages.map(({ key, value, headers }) => ({ key, value: `${value} enriched`, headers }))
      const sent = producer.send({ topic: to, acks: -1, messages })
      if (mode !== 'unawaited') await sent
      await redis.write([['SADD', 'enriched', ...batch.messages.map(({ key }) => key.toString())]])
    },
  })
}

async function end() {
  await consumer.disconnect()
  await producer.disconnect()
  process.exit(0)
}

process.on('SIGTERM', end)
process.on('SIGINT', end)
run().catch((error) => {
  console.error(error)
  process.exit(1)
})

// KafkaJS: notes each record in the ledger (relay.py says its form) before its batch is committed.
//   node views.js BOOTSTRAP TOPIC GROUP REDIS
// Prints `ready` once partitions are assigned; ends on SIGTERM, leaving the group, and with 1 on what it cannot mend.
'use strict'
const { Kafka, logLevel } = require('kafkajs')
const { Redis } = require('../../chain/clients/redis.js')

const [bootstrap, topic, groupId, socket] = process.argv.slice(2)
const kafka = new Kafka({
  brokers: bootstrap.split(','),
  logLevel: logLevel.ERROR,
  requestTimeout: 8000,
  retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 30 },
})
const consumer = kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 1000, rebalanceTimeout: 10000 })

consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  if ((payload.memberAssignment[topic] || []).length > 0) console.log('ready')
})
consumer.on(consumer.events.CRASH, ({ payload }) => {
  if (!payload.restart) process.exit(1)
})

async function run() {
  const redis = new Redis(socket)
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachBatch: async ({ batch }) => {
      if (batch.messages.length === 0) return
      const entries = batch.messages.map(
        ({ offset, headers }) =>
          `done ${groupId} ${topic} ${batch.partition} ${offset} ${(headers || {})['tidemark-id'] ?? '-'}`
      )
      await redis.write([['RPUSH', 'ledger', ...entries]])
    },
  })
}

async function end() {
  await consumer.disconnect()
  process.exit(0)
}

process.on('SIGTERM', end)
process.on('SIGINT', end)
run().catch((error) => {
  console.error(error)
  process.exit(1)
})

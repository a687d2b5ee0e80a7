// An ordinary KafkaJS group consumer: work on each record, commit after each batch.
//   node group_consumer.js BOOTSTRAP TOPIC GROUP
// Prints `ready`, then `processed PARTITION OFFSET id=TIDEMARK-ID` for each record before its commit.
'use strict'
const { Kafka, logLevel } = require('kafkajs')

const [bootstrap, topic, groupId] = process.argv.slice(2)
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId })

consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  if ((payload.memberAssignment[topic] || []).length > 0) console.log('ready')
})

async function run() {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      console.log(`processed ${partition} ${message.offset} id=${message.headers['tidemark-id'] ?? ''}`)
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

// Reads COUNT records of a topic from the beginning and prints what they hold.
//   node reader.js BOOTSTRAP TOPIC COUNT
// One line each: record PARTITION OFFSET key="…" value="…" NAME="…" …, null without quotes.
'use strict'
const { Kafka, logLevel } = require('kafkajs')

const [bootstrap, topic, count] = process.argv.slice(2)
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR })
// KafkaJS reads in groups only; this one is used once and never commits.
const consumer = kafka.consumer({ groupId: `reader-${topic}-${process.pid}` })
let left = Number(count)

const quoted = (bytes) => (bytes === null ? 'null' : `"${bytes}"`)

function show(partition, message) {
  let line = `record ${partition} ${message.offset} key=${quoted(message.key)} value=${quoted(message.value)}`
  for (const [name, value] of Object.entries(message.headers)) {
    // A name that appears twice has an array of values.
    for (const one of Array.isArray(value) ? value : [value]) line += ` ${name}=${quoted(one)}`
  }
  console.log(line)
}

async function run() {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      if (left <= 0) return
      show(partition, message)
      left -= 1
      // A consumer cannot disconnect inside its own handler.
      if (left === 0) setImmediate(() => consumer.disconnect().then(() => process.exit(0)))
    },
  })
}

run().catch((error) => {
  console.error(error)
  process.exit(1)
})

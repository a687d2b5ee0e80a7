// A consumer that acks each record over HTTP.
//   node views.js BOOTSTRAP TOPIC GROUP GATEWAY-URL        (kafkajs 2.2.4, Node 18 or later)
'use strict'
const { Kafka } = require('kafkajs')

const [bootstrap, topic, group, gateway] = process.argv.slice(2)
const consumer = new Kafka({ brokers: [bootstrap] }).consumer({ groupId: group })

async function work(value) {
  if (value === 'bad') throw new Error('a view needs a page')
  console.log('viewed', value)
}

async function eachMessage({ partition, message }) {
  const ack = { consumer: group, topic, partition, offset: Number(message.offset) }
  try {
    await work(String(message.value))
  } catch (error) {
    Object.assign(ack, { outcome: 'failed', reason: error.message.slice(0, 100) })
  }
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(`${gateway}/acks`, { method: 'POST', headers, body: JSON.stringify(ack) })
  if (answer.status !== 204) throw new Error(await answer.text())
}

async function main() {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage })
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})

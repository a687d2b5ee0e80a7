// Writes to Redis over its Unix socket: enough for what a stage remembers.
'use strict'
const net = require('net')

class Redis {
  constructor(path) {
    this.waiting = []
    this.text = ''
    this.socket = net.connect(path)
    this.socket.on('data', (data) => this.read(data.toString()))
    this.socket.on('error', (error) => this.end(error))
    this.socket.on('close', () => this.end(new Error('Redis has gone')))
  }

  // Resolves when Redis has done all of the commands, each a list of words.
  write(commands) {
    for (const words of commands)
      this.socket.write(`*${words.length}\r\n` + words.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join(''))
    return Promise.all(commands.map(() => new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))))
  }

  // Every reply to a write is one line.
  read(text) {
    const lines = (this.text + text).split('\r\n')
    this.text = lines.pop()
    for (const line of lines) {
      const { resolve, reject } = this.waiting.shift()
      if (line.startsWith('-')) reject(new Error(`Redis: ${line}`))
      else resolve(line)
    }
  }

  end(error) {
    for (const { reject } of this.waiting.splice(0)) reject(error)
  }
}

module.exports = { Redis }

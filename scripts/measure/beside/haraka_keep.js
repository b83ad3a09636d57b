// Haraka queues: a file for each message, fsynced with its folder before the 250.
'use strict'
const fs = require('node:fs')
const path = require('node:path')

const queue = process.env.BENCH_QUEUE

exports.register = function () {
    this.register_hook('lookup_rdns', 'named')
    this.register_hook('rcpt', 'known')
    this.register_hook('queue', 'keep')
}

exports.named = (next) => next(OK, 'client.example')

exports.known = (next) => next(OK)

exports.keep = (next, connection) => {
    const file = path.join(queue, connection.transaction.uuid)
    const out = fs.createWriteStream(file, { flags: 'wx', flush: true })
    const failed = () => next(DENYSOFT)
    out.on('error', failed)
    out.on('close', () => {
        if (out.errored) return
        fs.open(queue, (error, folder) => {
            if (error) return failed()
            fs.fsync(folder, (unsynced) => fs.close(folder, () => (unsynced ? failed() : next(OK))))
        })
    })
    connection.transaction.message_stream.pipe(out)
}

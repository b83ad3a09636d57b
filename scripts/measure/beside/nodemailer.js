// nodemailer's smtp-server discards: it reads the message to its end, answers 250, and keeps nothing.
'use strict'
const { SMTPServer } = require('smtp-server')

new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
        stream.on('end', done)
        stream.resume()
    },
}).listen(Number(process.env.BENCH_PORT), '127.0.0.1')

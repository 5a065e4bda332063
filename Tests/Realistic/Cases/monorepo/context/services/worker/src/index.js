console.log('worker VERSION')

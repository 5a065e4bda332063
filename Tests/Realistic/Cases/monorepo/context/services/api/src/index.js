console.log('api VERSION')
